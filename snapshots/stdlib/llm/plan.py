def baml.llm.build_plan($context, client):
    return fn baml.llm.plan_client($context, client, {})


fn baml.llm.build_plan = baml.llm.build_plan


def baml.llm.plan_client($context, client, turns):
    steps = fn baml.llm.build_attempt($context, client, turns)
    $1 = client.retry
    if $1 is None:
        return steps
    retry = $1
    retries = 0
    for $round in $context.rounds:
        if not retries < retry.max_retries:
            break
        attempt = ($context.calls is None or $context.calls()) and fn baml.llm.build_attempt($context, client, turns)
        $2 = attempt[0]
        $2.delay_ms = fn baml.llm.RetryPolicy.delay_ms($context, retry, retries)
        steps = steps + attempt
        retries = retries + 1
    else:
        raise $Cancelled
    return steps


fn baml.llm.plan_client = baml.llm.plan_client


def baml.llm.build_attempt($context, client, turns):
    $1 = client.client_type
    if $1 is enum baml.llm.ClientType.Primitive:
        return [class baml.llm.OrchestrationStep(client.name, 0)]
    elif $1 is enum baml.llm.ClientType.Fallback or $1 is enum baml.llm.ClientType.Strategy:
        return fn baml.llm.plan_members($context, client, turns)
    elif $1 is enum baml.llm.ClientType.RoundRobin:
        if not turns.__contains__(client.name):
            $2 = client.name
            turns[$2] = 0
        next = $context.invoke('baml.llm.round_robin_peek', $context, client.name) + turns[client.name]
        $3 = client.name
        turns[$3] = turns[$3] + 1
        return ($context.calls is None or $context.calls()) and fn baml.llm.plan_client($context, fn baml.llm.member(client, next), turns)
    else:
        $unmatched()


fn baml.llm.build_attempt = baml.llm.build_attempt


def baml.llm.plan_members($context, client, turns):
    if $len(client.sub_clients) == 0:
        raise $Thrown(fn baml.llm.no_members(client))
    steps = []
    for sub_client in $each($context.rounds, client.sub_clients):
        steps = steps + (($context.calls is None or $context.calls()) and fn baml.llm.plan_client($context, sub_client, turns))
    return steps


fn baml.llm.plan_members = baml.llm.plan_members


def baml.llm.first_prompt($context, function_name, args):
    plan = fn baml.llm.build_plan($context, $context.invoke('baml.llm.get_client', $context, function_name))
    return $context.invoke('baml.llm.PrimitiveClient.render_prompt', $context, $context.invoke('baml.llm.resolve_client', $context, plan[0].client_name), function_name, args)


fn baml.llm.first_prompt = baml.llm.first_prompt


async def baml.llm.first_request($context, function_name, args, streams):
    plan = fn baml.llm.build_plan($context, $context.invoke('baml.llm.get_client', $context, function_name))
    primitive = $context.invoke('baml.llm.resolve_client', $context, plan[0].client_name)
    rendered = await fn baml.agent.with_declared($context, primitive, $context.invoke('baml.llm.PrimitiveClient.render_prompt', $context, primitive, function_name, args), function_name)
    prompt = await $context.invoke('baml.llm.PrimitiveClient.fetch_media', $context, primitive, rendered)
    if streams:
        request = $context.invoke('baml.llm.PrimitiveClient.build_request_stream', $context, primitive, prompt)
    else:
        request = $context.invoke('baml.llm.PrimitiveClient.build_request', $context, primitive, prompt)
    if $context.invoke('baml.llm.PrimitiveClient.signs_requests', $context, primitive):
        return request
    try:
        return await $context.invoke('baml.llm.PrimitiveClient.authorize', $context, primitive, request)
    except $Thrown as $1:
        $2 = $1.value
        e = $2
        return request


fn baml.llm.first_request = baml.llm.first_request


async def baml.llm.read_answer($context, function_name, body, prompt):
    call = fn baml.llm.new_call($context, function_name, {}, False)
    name = ($1 := fn baml.llm.build_plan($context, $context.invoke('baml.llm.get_client', $context, function_name)))[0].client_name
    primitive = $context.invoke('baml.llm.resolve_client', $context, name)
    try:
        answer = $context.invoke('baml.llm.PrimitiveClient.read_response', $context, primitive, body)
        $context.invoke('baml.llm.PrimitiveClient.check_finish_reason', $context, primitive, answer, prompt)
        return class baml.llm.AnswerRead(await $context.invoke('baml.llm.PrimitiveClient.parse_answer', $context, primitive, answer, call.output, prompt), $context.invoke('baml.llm.StreamAccumulator.input_tokens', $context, answer), $context.invoke('baml.llm.StreamAccumulator.output_tokens', $context, answer), $2.cached_input_tokens if ($2 := $context.invoke('baml.llm.StreamAccumulator.usage', $context, answer)) is not None else None)
    except $Thrown as $3:
        $4 = $3.value
        error = $4
        if $type(error) is class baml.errors.Io or $type(error) is class baml.errors.Timeout or $type(error) is class baml.errors.HttpStatus or ($type(error) is class baml.errors.LlmClient) or ($type(error) is class baml.errors.FinishReason) or ($type(error) is class baml.errors.Validation):
            error$1 = error
            raise $Thrown(fn baml.llm.Failure.report(fn baml.llm.failed($context, name, call, call.started_ms, error$1), call))
        else:
            raise


fn baml.llm.read_answer = baml.llm.read_answer

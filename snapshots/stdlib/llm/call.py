def baml.llm.ExecutionContext.render($context, self, primitive):
    prompt = $context.invoke('baml.llm.PrimitiveClient.render_prompt', $context, primitive, self.function_name, self.args)
    $1 = self.turn
    if $1 is None:
        return prompt
    turn = $1
    return fn baml.agent.Turn.added_to($context, turn, prompt, primitive)


fn baml.llm.ExecutionContext.render = baml.llm.ExecutionContext.render


def baml.llm.ExecutionContext.begin_answer($context, self, primitive):
    answer = $context.invoke('baml.llm.PrimitiveClient.new_stream_accumulator', $context, primitive)
    $1 = self.turn
    if $1 is None:
        return answer
    turn = $1
    $context.invoke('baml.agent.Early.hear', $context, turn.early, answer)
    return answer


fn baml.llm.ExecutionContext.begin_answer = baml.llm.ExecutionContext.begin_answer


async def baml.llm.ExecutionContext.read($context, self, answer, value):
    $1 = self.turn
    if $1 is None:
        return value.code() if value.plain else await $call_value($context, value)
    turn = $1
    return await fn baml.agent.Turn.heard($context, turn, answer, value)


fn baml.llm.ExecutionContext.read = baml.llm.ExecutionContext.read


def baml.llm.ExecutionContext.within($context, self, client):
    $1 = client.total_timeout_ms
    if $1 is None:
        return self
    limit = $1
    left = fn baml.llm.ExecutionContext.remaining_ms($context, self)
    if left is not None and left <= limit:
        return self
    return $spread(class baml.llm.ExecutionContext, ('', self), ('total_ms', limit), ('total_since_ms', $context.invoke('baml.sys.now_ms', $context)))


fn baml.llm.ExecutionContext.within = baml.llm.ExecutionContext.within


def baml.llm.ExecutionContext.remaining_ms($context, self):
    $1 = self.total_ms
    if $1 is None:
        return None
    total = $1
    left = total - fn baml.llm.ExecutionContext.spent_ms($context, self)
    if left > 0:
        return left
    else:
        return 0


fn baml.llm.ExecutionContext.remaining_ms = baml.llm.ExecutionContext.remaining_ms


def baml.llm.ExecutionContext.spent_ms($context, self):
    return $context.invoke('baml.sys.now_ms', $context) - self.total_since_ms


fn baml.llm.ExecutionContext.spent_ms = baml.llm.ExecutionContext.spent_ms


def baml.llm.ExecutionContext.is_over($context, self):
    return fn baml.llm.ExecutionContext.remaining_ms($context, self) == 0


fn baml.llm.ExecutionContext.is_over = baml.llm.ExecutionContext.is_over


def baml.llm.ExecutionContext.limit($context, self, request):
    timeouts = request.timeouts
    if timeouts is not None:
        timeouts.total_ms = self.total_ms
        timeouts.spent_ms = fn baml.llm.ExecutionContext.spent_ms($context, self)


fn baml.llm.ExecutionContext.limit = baml.llm.ExecutionContext.limit


async def baml.llm.call_llm_function($context, function_name, args):
    return await fn baml.llm.run_llm_function($context, function_name, args, False)


fn baml.llm.call_llm_function = baml.llm.call_llm_function


async def baml.llm.stream_llm_function($context, function_name, args):
    return await fn baml.llm.run_llm_function($context, function_name, args, True)


fn baml.llm.stream_llm_function = baml.llm.stream_llm_function


async def baml.llm.run_llm_function($context, function_name, args, streams):
    return await fn baml.llm.run_call($context, fn baml.llm.new_call($context, function_name, args, streams))


fn baml.llm.run_llm_function = baml.llm.run_llm_function


def baml.llm.new_call($context, function_name, args, streams):
    now = $context.invoke('baml.sys.now_ms', $context)
    return class baml.llm.ExecutionContext(function_name, args, $context.invoke('baml.llm.get_return_type', $context, function_name), streams, now, False, [], None, now, None)


fn baml.llm.new_call = baml.llm.new_call


async def baml.llm.run_call($context, call):
    return await fn baml.llm.run_call_by($context, $context.invoke('baml.llm.get_client', $context, call.function_name), call)


fn baml.llm.run_call = baml.llm.run_call


async def baml.llm.run_call_by($context, client, call):
    try:
        return await fn baml.llm.execute_client($context, client, call)
    except $Thrown as $1:
        $2 = $1.value
        failure = $2
        if $type(failure) is class baml.llm.Failure:
            failure$1 = failure
            raise $Thrown(fn baml.llm.Failure.report(failure$1, call))
        else:
            raise


fn baml.llm.run_call_by = baml.llm.run_call_by

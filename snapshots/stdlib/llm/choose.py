async def baml.llm.execute_client_once($context, client, call):
    $1 = client.client_type
    if $1 is enum baml.llm.ClientType.Primitive:
        return await fn baml.llm.execute_primitive($context, client, call)
    elif $1 is enum baml.llm.ClientType.Fallback:
        return await fn baml.llm.execute_fallback($context, client, call)
    elif $1 is enum baml.llm.ClientType.RoundRobin:
        next = $context.invoke('baml.llm.round_robin_next', $context, client.name)
        return ($context.calls is None or $context.calls()) and await fn baml.llm.execute_client($context, fn baml.llm.member(client, next), call)
    elif $1 is enum baml.llm.ClientType.Strategy:
        return await fn baml.llm.execute_strategy($context, client, call)
    else:
        $unmatched()


fn baml.llm.execute_client_once = baml.llm.execute_client_once


async def baml.llm.execute_fallback($context, client, call):
    failures = []
    for sub_client in $each_still($context.rounds, client.sub_clients):
        try:
            $1 = ($context.calls is None or $context.calls()) and await fn baml.llm.execute_client($context, sub_client, call)
        except $Thrown as $2:
            $3 = $2.value
            failure = $3
            if $type(failure) is class baml.llm.Failure:
                failure$1 = failure
                if failure$1.leaves:
                    raise $Thrown(failure$1)
                failures.append(failure$1)
                if fn baml.llm.ExecutionContext.is_over($context, call):
                    break
                continue
                $1 = None
            else:
                raise
        return $1
    if $len(failures) == 0:
        raise $Thrown(fn baml.llm.no_members(client))
    raise $Thrown(fn baml.llm.combined($context, failures))


fn baml.llm.execute_fallback = baml.llm.execute_fallback


async def baml.llm.execute_strategy($context, client, call):
    $1 = client.strategy
    if $1 is None:
        raise $Thrown(fn baml.llm.no_members(client))
    strategy = $1
    began_ms = $context.invoke('baml.sys.now_ms', $context)
    try:
        value = strategy.code(client, call) if strategy.plain else await $call_value($context, strategy, client, call)
    except $Thrown as $2:
        $3 = $2.value
        error = $3
        if $type(error) is class baml.errors.Io or $type(error) is class baml.errors.Timeout or $type(error) is class baml.errors.HttpStatus or ($type(error) is class baml.errors.LlmClient) or ($type(error) is class baml.errors.FinishReason) or ($type(error) is class baml.errors.Validation):
            error$1 = error
            raise $Thrown(fn baml.llm.failed($context, client.name, call, began_ms, error$1))
            value = None
        elif $type(error) is class baml.errors.NoneSucceeded:
            none = error
            raise $Thrown(fn baml.llm.all_failed($context, client, none.errors))
            value = None
        else:
            raise $Thrown(fn baml.llm.of_strategy($context, client, error))
            value = None
    if $type(value) is class baml.llm.StartedAnswer or $type(value) is class baml.agent.Said:
        return value
    if not $context.invoke('baml.llm.OutputType.accepts', $context, call.output, value):
        wanted = $context.invoke('baml.llm.OutputType.name', $context, call.output)
        raise $Thrown(class baml.errors.InvalidArgument(f'the strategy of client `{client.name}` gave a value that is no {wanted}'))
    return value


fn baml.llm.execute_strategy = baml.llm.execute_strategy


def baml.llm.of_strategy($context, client, error):
    $1 = error
    if $type($1) is class baml.llm.Failure:
        failure = $1
        return failure
    elif $type($1) is class baml.errors.InvalidArgument:
        wrong = $1
        return wrong
    elif $type($1) is class baml.errors.RenderPrompt:
        wrong$1 = $1
        return wrong$1
    else:
        return class baml.errors.InvalidArgument(f'the strategy of client `{client.name}` threw {$text($context.rounds, error)}')


fn baml.llm.of_strategy = baml.llm.of_strategy


def baml.llm.member(client, number):
    count = $len(client.sub_clients)
    if count == 0:
        raise $Thrown(fn baml.llm.no_members(client))
    return client.sub_clients[$1 if ($1 := (number % $abs(count) if number >= 0 else -(-number % $abs(count)))) >= 0 else $wrong_index(client.sub_clients, $1)]


fn baml.llm.member = baml.llm.member


def baml.llm.no_members(client):
    return class baml.errors.InvalidArgument(f'client `{client.name}` has no members')


fn baml.llm.no_members = baml.llm.no_members

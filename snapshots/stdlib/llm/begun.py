async def baml.llm.StartedAnswer.finish($context, self):
    live = self.live
    if live is None:
        if self.call.streams:
            await fn baml.llm.show_whole($context, self.value)
        return self.value
    try:
        return await fn baml.llm.LiveAnswer.read($context, live)
    except $Thrown as $1:
        $2 = $1.value
        error = $2
        if $type(error) is class baml.errors.Io or $type(error) is class baml.errors.Timeout or $type(error) is class baml.errors.HttpStatus or ($type(error) is class baml.errors.LlmClient) or ($type(error) is class baml.errors.FinishReason) or ($type(error) is class baml.errors.Validation):
            error$1 = error
            raise $Thrown(fn baml.llm.failed($context, self.client_name, self.call, self.began_ms, error$1))
        else:
            raise


fn baml.llm.StartedAnswer.finish = baml.llm.StartedAnswer.finish


async def baml.llm.StartedAnswer.close($context, self):
    $1 = self.live
    if $1 is not None:
        await fn baml.llm.LiveAnswer.close($context, $1)


fn baml.llm.StartedAnswer.close = baml.llm.StartedAnswer.close


async def baml.llm.start_client($context, client, call):
    started = await fn baml.llm.execute_client($context, client, $spread(class baml.llm.ExecutionContext, ('', call), ('starts', True)))
    $1 = started
    if $type($1) is class baml.llm.StartedAnswer:
        answer = $1
        return answer
    else:
        raise $Thrown(class baml.errors.InvalidArgument(f'the strategy of client `{client.name}` gave no answer that has begun'))


fn baml.llm.start_client = baml.llm.start_client


async def baml.llm.start($context, primitive, call):
    began_ms = $context.invoke('baml.sys.now_ms', $context)
    if not $context.invoke('baml.llm.PrimitiveClient.supports_streaming', $context, primitive):
        silent = $spread(class baml.llm.ExecutionContext, ('', call), ('streams', False))
        return class baml.llm.StartedAnswer($context.invoke('baml.llm.PrimitiveClient.name', $context, primitive), call, began_ms, None, await fn baml.llm.call_primitive($context, primitive, silent))
    live = await fn baml.llm.open_stream($context, primitive, call)
    try:
        await fn baml.llm.LiveAnswer.wait_for_content($context, live)
    except $Thrown as $1:
        $2 = $1.value
        error = $2
        await fn baml.llm.LiveAnswer.close($context, live)
        raise $Thrown(error)
    return class baml.llm.StartedAnswer($context.invoke('baml.llm.PrimitiveClient.name', $context, primitive), call, began_ms, live, None)


fn baml.llm.start = baml.llm.start

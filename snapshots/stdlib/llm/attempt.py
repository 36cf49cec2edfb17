async def baml.llm.execute_primitive($context, client, call):
    began_ms = $context.invoke('baml.sys.now_ms', $context)
    try:
        primitive = $context.invoke('baml.llm.resolve_client', $context, client.name)
        if call.starts:
            return await fn baml.llm.start($context, primitive, call)
        else:
            return await fn baml.llm.ask($context, primitive, call)
    except $Thrown as $1:
        $2 = $1.value
        error = $2
        if $type(error) is class baml.errors.Io or $type(error) is class baml.errors.Timeout or $type(error) is class baml.errors.HttpStatus or ($type(error) is class baml.errors.LlmClient) or ($type(error) is class baml.errors.FinishReason) or ($type(error) is class baml.errors.Validation):
            error$1 = error
            raise $Thrown(fn baml.llm.failed($context, client.name, call, began_ms, error$1))
        else:
            raise


fn baml.llm.execute_primitive = baml.llm.execute_primitive


async def baml.llm.ask($context, primitive, call):
    if call.streams and $context.invoke('baml.llm.PrimitiveClient.supports_streaming', $context, primitive):
        return await fn baml.llm.stream_primitive($context, primitive, call)
    else:
        return await fn baml.llm.call_primitive($context, primitive, call)


fn baml.llm.ask = baml.llm.ask


async def baml.llm.call_primitive($context, primitive, call):
    prompt = fn baml.llm.ExecutionContext.render($context, call, primitive)
    request = $context.invoke('baml.llm.PrimitiveClient.build_request', $context, primitive, await $context.invoke('baml.llm.PrimitiveClient.fetch_media', $context, primitive, prompt))
    fn baml.llm.ExecutionContext.limit($context, call, request)
    response = await $context.invoke('baml.http.send', $context, await $context.invoke('baml.llm.PrimitiveClient.authorize', $context, primitive, request))
    if not fn baml.http.Response.ok(response):
        raise $Thrown($context.invoke('baml.llm.PrimitiveClient.http_error', $context, primitive, response))
    answer = $context.invoke('baml.llm.PrimitiveClient.read_response', $context, primitive, fn baml.http.Response.text(response))
    $context.invoke('baml.llm.PrimitiveClient.check_finish_reason', $context, primitive, answer, prompt)
    $1 = call
    $2 = answer

    async def baml.llm.call_primitive.lambda 1($context):
        return await $context.invoke('baml.llm.PrimitiveClient.parse_answer', $context, primitive, answer, call.output, prompt)
    $3 = $FunctionValue('baml.llm.call_primitive.lambda 1', baml.llm.call_primitive.lambda 1, True, True, False)
    value = await fn baml.llm.ExecutionContext.read($context, $1, $2, $3)
    if call.streams:
        await fn baml.llm.show_whole($context, value)
        await $context.invoke('baml.stream.emit_delta', $context, $context.invoke('baml.llm.StreamAccumulator.content', $context, answer))
    return value


fn baml.llm.call_primitive = baml.llm.call_primitive


async def baml.llm.given_whole($context, value):
    await fn baml.llm.show_whole($context, value)
    return value


fn baml.llm.given_whole = baml.llm.given_whole


async def baml.llm.show_whole($context, value):
    await $context.invoke('baml.stream.begin_attempt', $context)
    $1 = value
    if $type($1) is class baml.agent.Said:
        said = $1
        if fn baml.agent.Said.is_final($context, said):
            await $context.invoke('baml.stream.emit_partial', $context, said.value)
    else:
        await $context.invoke('baml.stream.emit_partial', $context, value)


fn baml.llm.show_whole = baml.llm.show_whole

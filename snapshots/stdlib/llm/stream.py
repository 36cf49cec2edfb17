async def baml.llm.LiveAnswer.read($context, self):
    try:
        value = await fn baml.llm.LiveAnswer.read_on($context, self)
    except $Thrown as $1:
        $2 = $1.value
        error = $2
        await fn baml.llm.LiveAnswer.close($context, self)
        raise $Thrown(error)
        value = None
    await fn baml.llm.LiveAnswer.close($context, self)
    return value


fn baml.llm.LiveAnswer.read = baml.llm.LiveAnswer.read


async def baml.llm.LiveAnswer.read_on($context, self):
    await $context.invoke('baml.stream.begin_attempt', $context)
    await fn baml.llm.LiveAnswer.show($context, self)
    await $context.invoke('baml.llm.pump', $context, self.sse, self.answer, self.partial)
    for $round in $context.rounds:
        if not await fn baml.llm.LiveAnswer.advance($context, self):
            break
        await fn baml.llm.LiveAnswer.show($context, self)
    else:
        raise $Cancelled
    $context.invoke('baml.llm.StreamAccumulator.finish', $context, self.answer)
    await fn baml.llm.LiveAnswer.show($context, self)
    $context.invoke('baml.llm.PrimitiveClient.check_finish_reason', $context, self.primitive, self.answer, self.prompt)
    $1 = self.call
    $2 = self.answer

    async def baml.llm.LiveAnswer.read_on.lambda 1($context):
        return await $context.invoke('baml.llm.PartialParser.finish_answer', $context, self.partial, self.answer, self.prompt)
    $3 = $FunctionValue('baml.llm.LiveAnswer.read_on.lambda 1', baml.llm.LiveAnswer.read_on.lambda 1, True, True, False)
    value = await fn baml.llm.ExecutionContext.read($context, $1, $2, $3)
    await $context.invoke('baml.stream.emit_partial', $context, self.partial)
    return value


fn baml.llm.LiveAnswer.read_on = baml.llm.LiveAnswer.read_on


async def baml.llm.LiveAnswer.wait_for_content($context, self):
    for $round in $context.rounds:
        if not $context.invoke('baml.llm.StreamAccumulator.content', $context, self.answer) == '':
            break
        if not await fn baml.llm.LiveAnswer.advance($context, self):
            break
    else:
        raise $Cancelled


fn baml.llm.LiveAnswer.wait_for_content = baml.llm.LiveAnswer.wait_for_content


async def baml.llm.LiveAnswer.advance($context, self):
    if $context.invoke('baml.llm.StreamAccumulator.is_done', $context, self.answer):
        return False
    $1 = await fn baml.llm.LiveAnswer.next_events($context, self)
    if $1 is None:
        return False
    events = $1
    if $context.invoke('baml.llm.StreamAccumulator.add_events', $context, self.answer, events):
        self.begins_anew = True
    self.unshown = self.unshown + events
    return True


fn baml.llm.LiveAnswer.advance = baml.llm.LiveAnswer.advance


async def baml.llm.LiveAnswer.next_events($context, self):
    if not $context.invoke('baml.llm.StreamAccumulator.is_complete', $context, self.answer):
        return await $context.invoke('baml.http.SseStream.next', $context, self.sse)
    now = $context.invoke('baml.sys.now_ms', $context)
    $1 = self.grace_ends_ms
    if $1 is None:
        ends = now + 1000
    else:
        ends = $1
    self.grace_ends_ms = ends
    if now >= ends:
        return None
    try:
        return await $context.invoke('baml.http.SseStream.next_within', $context, self.sse, ends - now)
    except $Thrown as $2:
        $3 = $2.value
        e = $3
        return None


fn baml.llm.LiveAnswer.next_events = baml.llm.LiveAnswer.next_events


async def baml.llm.LiveAnswer.show($context, self):
    if $len(self.unshown) > 0:
        await $context.invoke('baml.stream.emit_tick', $context, self.unshown)
        self.unshown = []
    if self.begins_anew:
        self.begins_anew = False
        $context.invoke('baml.llm.PartialParser.reset', $context, self.partial)
        await $context.invoke('baml.stream.begin_attempt', $context)
    text = $context.invoke('baml.llm.StreamAccumulator.new_content', $context, self.answer)
    if text == '':
        return None
    await $context.invoke('baml.stream.emit_delta', $context, text)
    if $context.invoke('baml.llm.PartialParser.feed', $context, self.partial, text):
        await $context.invoke('baml.stream.emit_partial', $context, self.partial)


fn baml.llm.LiveAnswer.show = baml.llm.LiveAnswer.show


async def baml.llm.LiveAnswer.close($context, self):
    await $context.invoke('baml.http.SseStream.close', $context, self.sse)
    await $context.invoke('baml.llm.StreamAccumulator.close', $context, self.answer)
    await $context.invoke('baml.llm.PartialParser.close', $context, self.partial)


fn baml.llm.LiveAnswer.close = baml.llm.LiveAnswer.close


async def baml.llm.stream_primitive($context, primitive, call):
    return await fn baml.llm.LiveAnswer.read($context, await fn baml.llm.open_stream($context, primitive, call))


fn baml.llm.stream_primitive = baml.llm.stream_primitive


async def baml.llm.open_stream($context, primitive, call):
    prompt = fn baml.llm.ExecutionContext.render($context, call, primitive)
    request = $context.invoke('baml.llm.PrimitiveClient.build_request_stream', $context, primitive, await $context.invoke('baml.llm.PrimitiveClient.fetch_media', $context, primitive, prompt))
    fn baml.llm.ExecutionContext.limit($context, call, request)
    return class baml.llm.LiveAnswer(call, primitive, prompt, await $context.invoke('baml.http.fetch_sse', $context, await $context.invoke('baml.llm.PrimitiveClient.authorize', $context, primitive, request)), fn baml.llm.ExecutionContext.begin_answer($context, call, primitive), $context.invoke('baml.llm.PrimitiveClient.new_partial_parser', $context, primitive, call.output), [], False, None)


fn baml.llm.open_stream = baml.llm.open_stream

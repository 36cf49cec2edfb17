async def baml.llm.Stream.next($context, self):
    value = await $context.invoke('baml.stream.Shown.next', $context, self.shown, self.answer)
    if value is None:
        await fn baml.llm.Stream.final($context, self)
    return value


fn baml.llm.Stream.next = baml.llm.Stream.next


async def baml.llm.Stream.final($context, self):
    return await $context.invoke('baml.future.wait', $context, self.answer)


fn baml.llm.Stream.final = baml.llm.Stream.final


def baml.llm.Stream.cancel($context, self):
    return $context.invoke('baml.future.Future.cancel', $context, self.answer)


fn baml.llm.Stream.cancel = baml.llm.Stream.cancel


def baml.llm.Stream.baml.iter.Iterable.iter(self):
    return class baml.llm.Partials(self)


fn baml.llm.Stream.baml.iter.Iterable.iter = baml.llm.Stream.baml.iter.Iterable.iter


def baml.llm.Partials.baml.iter.Iterable.iter(self):
    return self


fn baml.llm.Partials.baml.iter.Iterable.iter = baml.llm.Partials.baml.iter.Iterable.iter


async def baml.llm.Partials.baml.iter.Iterator.next($context, self):
    $1 = await fn baml.llm.Stream.next($context, self.stream)
    if $1 is None:
        return class baml.iter.Done()
    else:
        return $1


fn baml.llm.Partials.baml.iter.Iterator.next = baml.llm.Partials.baml.iter.Iterator.next


async def baml.llm.watch($context, function_name, args):
    shown = $context.invoke('baml.stream.new_shown', $context)
    $1 = shown

    async def baml.llm.watch.lambda 1($context):
        $3 = shown

        async def baml.llm.watch.lambda 2($context):
            return await fn baml.llm.stream_llm_function($context, function_name, args)
        $4 = $FunctionValue('baml.llm.watch.lambda 2', baml.llm.watch.lambda 2, True, True, False)
        return await $context.invoke('baml.stream.Shown.hear', $context, $3, $4)
    $2 = $context.invoke('baml.future.start', $context, $FunctionValue('baml.llm.watch.lambda 1', baml.llm.watch.lambda 1, True, True, False), None, [])
    return class baml.llm.Stream($1, $2)


fn baml.llm.watch = baml.llm.watch

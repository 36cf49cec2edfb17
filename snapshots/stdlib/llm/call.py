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
    now = $context.invoke('baml.sys.now_ms', $context)
    call = class baml.llm.ExecutionContext(function_name, args, $context.invoke('baml.llm.get_return_type', $context, function_name), streams, now, False, [], None, now)
    try:
        return await fn baml.llm.execute_client($context, $context.invoke('baml.llm.get_client', $context, function_name), call)
    except $Thrown as $1:
        $2 = $1.value
        failure = $2
        if $type(failure) is class baml.llm.Failure:
            failure$1 = failure
            raise $Thrown(fn baml.llm.Failure.report(failure$1, call))
        else:
            raise


fn baml.llm.run_llm_function = baml.llm.run_llm_function

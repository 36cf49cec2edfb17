def baml.llm.ExecutionContext.within($context, self, client):
    limit = client.total_timeout_ms
    if limit is None:
        return self
    left = fn baml.llm.ExecutionContext.remaining_ms($context, self)
    if left is not None:
        if left <= limit:
            return self
    return $spread(class baml.llm.ExecutionContext, ('', self), ('total_ms', limit), ('total_since_ms', $context.invoke('baml.sys.now_ms', $context)))


fn baml.llm.ExecutionContext.within = baml.llm.ExecutionContext.within


def baml.llm.ExecutionContext.remaining_ms($context, self):
    total = self.total_ms
    if total is None:
        return None
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
    for $round in $context.rounds:
        if not await fn baml.llm.LiveAnswer.advance($context, self):
            break
        await fn baml.llm.LiveAnswer.show($context, self)
    else:
        raise $Cancelled
    $context.invoke('baml.llm.StreamAccumulator.finish', $context, self.answer)
    await fn baml.llm.LiveAnswer.show($context, self)
    $context.invoke('baml.llm.PrimitiveClient.check_finish_reason', $context, self.primitive, self.answer, self.prompt)
    value = await $context.invoke('baml.llm.PartialParser.finish_answer', $context, self.partial, self.answer, self.prompt)
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
    events = await fn baml.llm.LiveAnswer.next_events($context, self)
    if events is None:
        return False
    if $context.invoke('baml.llm.StreamAccumulator.add_events', $context, self.answer, events):
        self.begins_anew = True
    self.unshown = self.unshown + events
    return True


fn baml.llm.LiveAnswer.advance = baml.llm.LiveAnswer.advance


async def baml.llm.LiveAnswer.next_events($context, self):
    if not $context.invoke('baml.llm.StreamAccumulator.is_complete', $context, self.answer):
        return await $context.invoke('baml.http.SseStream.next', $context, self.sse)
    now = $context.invoke('baml.sys.now_ms', $context)
    ends = self.grace_ends_ms
    if ends is None:
        ends = now + 1000
        self.grace_ends_ms = ends
    if now >= ends:
        return None
    try:
        return await $context.invoke('baml.http.SseStream.next_within', $context, self.sse, ends - now)
    except $Thrown as $1:
        $2 = $1.value
        e = $2
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
            raise $Thrown(fn baml.llm.failed_attempt($context, self.client_name, self.call, self.began_ms, error$1))
        else:
            raise


fn baml.llm.StartedAnswer.finish = baml.llm.StartedAnswer.finish


async def baml.llm.StartedAnswer.close($context, self):
    live = self.live
    if live is not None:
        await fn baml.llm.LiveAnswer.close($context, live)


fn baml.llm.StartedAnswer.close = baml.llm.StartedAnswer.close


def baml.llm.Failure.retry_after_ms($context, self):
    soonest = None
    for attempt in $each($context.rounds, self.attempts):
        asked = attempt.retry_after_ms
        if asked is None:
            wait = 0
        else:
            wait = asked
        if attempt.retryable:
            if soonest is None:
                soonest = wait
            elif wait < soonest:
                soonest = wait
            else:
                soonest = soonest
    if soonest is None:
        return 0
    else:
        return soonest


fn baml.llm.Failure.retry_after_ms = baml.llm.Failure.retry_after_ms


def baml.llm.Failure.report(self, call):
    note = self.note
    if note is not None:
        $1 = self.error
        $1.message = $1.message + ('\n' + note)
    $2 = self.error
    $2.attempts = call.attempts
    return self.error


fn baml.llm.Failure.report = baml.llm.Failure.report


def baml.llm.RetryPolicy.covers($context, self, failure):
    for attempt in $each($context.rounds, failure.attempts):
        if fn baml.llm.RetryPolicy.covers_attempt($context, self, attempt):
            return True
    return False


fn baml.llm.RetryPolicy.covers = baml.llm.RetryPolicy.covers


def baml.llm.RetryPolicy.covers_attempt($context, self, attempt):
    listed = self.on
    if listed is None:
        return attempt.retryable
    for cause in $each($context.rounds, listed):
        if fn baml.errors.FailedAttempt.is($context, attempt, cause):
            return True
    return False


fn baml.llm.RetryPolicy.covers_attempt = baml.llm.RetryPolicy.covers_attempt


def baml.llm.RetryPolicy.delay_ms($context, self, number):
    delay = self.initial_delay_ms + 0.0
    i = 0
    for $round in $context.rounds:
        if not (i < number and delay < self.max_delay_ms):
            break
        delay = delay * self.multiplier
        i = i + 1
    else:
        raise $Cancelled
    if delay > self.max_delay_ms:
        delay = $float(self.max_delay_ms)
    return $trunc(delay)


fn baml.llm.RetryPolicy.delay_ms = baml.llm.RetryPolicy.delay_ms


def baml.llm.RetryPolicy.jittered($context, self, delay_ms):
    if self.jitter == 0.0:
        return delay_ms
    return $trunc(delay_ms * (1.0 - self.jitter * $context.invoke('baml.sys.random', $context)))


fn baml.llm.RetryPolicy.jittered = baml.llm.RetryPolicy.jittered


def baml.llm.Prompt.to_string($context, self):
    return $context.invoke('baml.llm.Prompt.text', $context, self)


fn baml.llm.Prompt.to_string = baml.llm.Prompt.to_string


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


async def baml.llm.execute_client($context, client, outer):
    call = fn baml.llm.ExecutionContext.within($context, outer, client)
    retry = client.retry
    if retry is None:
        return await fn baml.llm.execute_client_once($context, client, call)
    retries = 0
    for $round in $context.rounds:
        try:
            $1 = ($context.calls is None or $context.calls()) and await fn baml.llm.execute_client_once($context, client, call)
        except $Thrown as $2:
            $3 = $2.value
            failure = $3
            if $type(failure) is class baml.llm.Failure:
                failure$1 = failure
                await fn baml.llm.wait_for_retry($context, retry, retries, failure$1, call)
                retries = retries + 1
                continue
                $1 = None
            else:
                raise
        return $1
    else:
        raise $Cancelled


fn baml.llm.execute_client = baml.llm.execute_client


async def baml.llm.wait_for_retry($context, retry, retries, failure, call):
    if not fn baml.llm.RetryPolicy.covers($context, retry, failure):
        raise $Thrown(failure)
    failure.leaves = False
    if retries >= retry.max_retries or fn baml.llm.ExecutionContext.is_over($context, call):
        raise $Thrown(failure)
    wait = fn baml.llm.RetryPolicy.jittered($context, retry, fn baml.llm.RetryPolicy.delay_ms($context, retry, retries))
    asked = fn baml.llm.Failure.retry_after_ms($context, failure)
    if asked > wait:
        wait = asked
    left = fn baml.llm.ExecutionContext.remaining_ms($context, call)
    if left is not None:
        if wait >= left:
            failure.note = 'not tried again: the next attempt would have to wait ' + $unstable_string($context.rounds, wait) + ' ms, and ' + $unstable_string($context.rounds, left) + ' ms are left (total_timeout_ms)'
            raise $Thrown(failure)
    await $context.invoke('baml.sys.sleep', $context, wait)


fn baml.llm.wait_for_retry = baml.llm.wait_for_retry


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
    strategy = client.strategy
    if strategy is None:
        raise $Thrown(fn baml.llm.no_members(client))
    began_ms = $context.invoke('baml.sys.now_ms', $context)
    try:
        value = await $call_value($context, strategy, client, call)
    except $Thrown as $1:
        $2 = $1.value
        error = $2
        if $type(error) is class baml.errors.Io or $type(error) is class baml.errors.Timeout or $type(error) is class baml.errors.HttpStatus or ($type(error) is class baml.errors.LlmClient) or ($type(error) is class baml.errors.FinishReason) or ($type(error) is class baml.errors.Validation):
            error$1 = error
            raise $Thrown(fn baml.llm.failed($context, client, call, began_ms, error$1))
            value = None
        elif $type(error) is class baml.errors.NoneSucceeded:
            none = error
            raise $Thrown(fn baml.llm.all_failed($context, client, none.errors))
            value = None
        else:
            raise $Thrown(fn baml.llm.of_strategy($context, client, error))
            value = None
    if $type(value) is class baml.llm.StartedAnswer:
        return value
    if not $context.invoke('baml.llm.OutputType.accepts', $context, call.output, value):
        raise $Thrown(class baml.errors.InvalidArgument('the strategy of client `' + client.name + '` gave a value that is no ' + $context.invoke('baml.llm.OutputType.name', $context, call.output)))
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
        return class baml.errors.InvalidArgument('the strategy of client `' + client.name + '` threw ' + $unstable_string($context.rounds, error))


fn baml.llm.of_strategy = baml.llm.of_strategy


def baml.llm.member(client, number):
    count = $len(client.sub_clients)
    if count == 0:
        raise $Thrown(fn baml.llm.no_members(client))
    return client.sub_clients[$1 if ($1 := (number % $abs(count) if number >= 0 else -(-number % $abs(count)))) >= 0 else $wrong_index(client.sub_clients, $1)]


fn baml.llm.member = baml.llm.member


def baml.llm.no_members(client):
    return class baml.errors.InvalidArgument('client `' + client.name + '` has no members')


fn baml.llm.no_members = baml.llm.no_members


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
            raise $Thrown(fn baml.llm.failed($context, client, call, began_ms, error$1))
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
    prompt = $context.invoke('baml.llm.PrimitiveClient.render_prompt', $context, primitive, call.function_name, call.args)
    request = $context.invoke('baml.llm.PrimitiveClient.build_request', $context, primitive, await $context.invoke('baml.llm.PrimitiveClient.fetch_media', $context, primitive, prompt))
    fn baml.llm.ExecutionContext.limit($context, call, request)
    response = await $context.invoke('baml.http.send', $context, await $context.invoke('baml.llm.PrimitiveClient.authorize', $context, primitive, request))
    if not fn baml.http.Response.ok(response):
        raise $Thrown($context.invoke('baml.llm.PrimitiveClient.http_error', $context, primitive, response))
    answer = $context.invoke('baml.llm.PrimitiveClient.read_response', $context, primitive, fn baml.http.Response.text(response))
    $context.invoke('baml.llm.PrimitiveClient.check_finish_reason', $context, primitive, answer, prompt)
    value = await $context.invoke('baml.llm.PrimitiveClient.parse_answer', $context, primitive, answer, call.output, prompt)
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
    await $context.invoke('baml.stream.emit_partial', $context, value)


fn baml.llm.show_whole = baml.llm.show_whole


async def baml.llm.stream_primitive($context, primitive, call):
    return await fn baml.llm.LiveAnswer.read($context, await fn baml.llm.open_stream($context, primitive, call))


fn baml.llm.stream_primitive = baml.llm.stream_primitive


async def baml.llm.open_stream($context, primitive, call):
    prompt = $context.invoke('baml.llm.PrimitiveClient.render_prompt', $context, primitive, call.function_name, call.args)
    request = $context.invoke('baml.llm.PrimitiveClient.build_request_stream', $context, primitive, await $context.invoke('baml.llm.PrimitiveClient.fetch_media', $context, primitive, prompt))
    fn baml.llm.ExecutionContext.limit($context, call, request)
    return class baml.llm.LiveAnswer(primitive, prompt, await $context.invoke('baml.http.fetch_sse', $context, await $context.invoke('baml.llm.PrimitiveClient.authorize', $context, primitive, request)), $context.invoke('baml.llm.PrimitiveClient.new_stream_accumulator', $context, primitive), $context.invoke('baml.llm.PrimitiveClient.new_partial_parser', $context, primitive, call.output), [], False, None)


fn baml.llm.open_stream = baml.llm.open_stream


async def baml.llm.start_client($context, client, call):
    started = await fn baml.llm.execute_client($context, client, $spread(class baml.llm.ExecutionContext, ('', call), ('starts', True)))
    $1 = started
    if $type($1) is class baml.llm.StartedAnswer:
        answer = $1
        return answer
    else:
        raise $Thrown(class baml.errors.InvalidArgument('the strategy of client `' + client.name + '` gave no answer that has begun'))


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


def baml.llm.combined($context, failures):
    attempts = []
    for failure in $each($context.rounds, failures):
        attempts = attempts + failure.attempts
    last = failures[$1 if ($1 := ($len(failures) - 1)) >= 0 else $wrong_index(failures, $1)]
    return class baml.llm.Failure(last.error, attempts, last.leaves, last.note)


fn baml.llm.combined = baml.llm.combined


def baml.llm.all_failed($context, client, errors):
    failures = []
    for error in $each($context.rounds, errors):
        $1 = error
        if $type($1) is class baml.llm.Failure:
            failure = $1
            failures.append(failure)
        else:
            raise $Thrown(fn baml.llm.of_strategy($context, client, error))
    return fn baml.llm.combined($context, failures)


fn baml.llm.all_failed = baml.llm.all_failed


def baml.llm.failed($context, client, call, began_ms, error):
    return fn baml.llm.failed_attempt($context, client.name, call, began_ms, error)


fn baml.llm.failed = baml.llm.failed


def baml.llm.failed_attempt($context, client_name, call, began_ms, error):
    attempt = class baml.errors.FailedAttempt(client_name, 'network', error.message, began_ms - call.started_ms, $context.invoke('baml.sys.now_ms', $context) - began_ms, True, None, None)
    leaves = False
    $1 = error
    if $type($1) is class baml.errors.Io:
        pass
    elif $type($1) is class baml.errors.Timeout:
        attempt.cause = 'timeout'
    elif $type($1) is class baml.errors.HttpStatus:
        status = $1
        attempt.cause = 'status'
        attempt.status_code = status.status_code
        attempt.retry_after_ms = status.retry_after_ms
        attempt.retryable = status.retryable
    elif $type($1) is class baml.errors.LlmClient:
        answer = $1
        attempt.cause = answer.kind
        attempt.retryable = answer.retryable
    elif $type($1) is class baml.errors.FinishReason:
        attempt.cause = 'finish_reason'
        attempt.retryable = False
        leaves = True
    elif $type($1) is class baml.errors.Validation:
        attempt.cause = 'validation'
        attempt.retryable = False
        leaves = True
    else:
        $unmatched()
    call.attempts.append(attempt)
    return class baml.llm.Failure(error, [attempt], leaves, None)


fn baml.llm.failed_attempt = baml.llm.failed_attempt


def baml.llm.build_plan($context, client):
    return fn baml.llm.plan_client($context, client, {})


fn baml.llm.build_plan = baml.llm.build_plan


def baml.llm.plan_client($context, client, turns):
    steps = fn baml.llm.build_attempt($context, client, turns)
    retry = client.retry
    if retry is None:
        return steps
    retries = 0
    for $round in $context.rounds:
        if not retries < retry.max_retries:
            break
        attempt = ($context.calls is None or $context.calls()) and fn baml.llm.build_attempt($context, client, turns)
        $1 = attempt[0]
        $1.delay_ms = fn baml.llm.RetryPolicy.delay_ms($context, retry, retries)
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
    elif $1 is enum baml.llm.ClientType.Fallback:
        return fn baml.llm.plan_members($context, client, turns)
    elif $1 is enum baml.llm.ClientType.Strategy:
        return ($context.calls is None or $context.calls()) and fn baml.llm.plan_members($context, client, turns)
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
    prompt = await $context.invoke('baml.llm.PrimitiveClient.fetch_media', $context, primitive, $context.invoke('baml.llm.PrimitiveClient.render_prompt', $context, primitive, function_name, args))
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

def baml.llm.RetryPolicy.covers($context, self, failure):
    for attempt in $each($context.rounds, failure.attempts):
        if fn baml.llm.RetryPolicy.covers_attempt($context, self, attempt):
            return True
    return False


fn baml.llm.RetryPolicy.covers = baml.llm.RetryPolicy.covers


def baml.llm.RetryPolicy.covers_attempt($context, self, attempt):
    $1 = self.on
    if $1 is None:
        return attempt.retryable
    listed = $1
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


async def baml.llm.execute_client($context, client, outer):
    call = fn baml.llm.ExecutionContext.within($context, outer, client)
    $1 = client.retry
    if $1 is None:
        return await fn baml.llm.execute_client_once($context, client, call)
    retry = $1
    retries = 0
    for $round in $context.rounds:
        try:
            $2 = ($context.calls is None or $context.calls()) and await fn baml.llm.execute_client_once($context, client, call)
        except $Thrown as $3:
            $4 = $3.value
            failure = $4
            if $type(failure) is class baml.llm.Failure:
                failure$1 = failure
                await fn baml.llm.wait_for_retry($context, retry, retries, failure$1, call)
                retries = retries + 1
                continue
                $2 = None
            else:
                raise
        return $2
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
    if left is not None and wait >= left:
        failure.note = f'not tried again: the next attempt would have to wait {$plain_text(wait)} ms, and {$plain_text(left)} ms are left ' + '(total_timeout_ms)'
        raise $Thrown(failure)
    await $context.invoke('baml.sys.sleep', $context, wait)


fn baml.llm.wait_for_retry = baml.llm.wait_for_retry

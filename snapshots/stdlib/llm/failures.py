def baml.llm.Failure.retry_after_ms($context, self):
    soonest = None
    for attempt in $each_kept($context.rounds, self.attempts):
        $1 = attempt.retry_after_ms
        if $1 is None:
            wait = 0
        else:
            wait = $1
        if attempt.retryable and (soonest is None or wait < soonest):
            soonest = wait
    $2 = soonest
    if $2 is None:
        return 0
    else:
        return $2


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


def baml.llm.combined($context, failures):
    attempts = []
    for failure in $each_kept($context.rounds, failures):
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


def baml.llm.failed($context, client_name, call, began_ms, error):
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


fn baml.llm.failed = baml.llm.failed

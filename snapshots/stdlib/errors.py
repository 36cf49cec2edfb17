def baml.errors.Context.root_cause($context, self):
    root = self
    cause = self.cause
    for $round in $context.rounds:
        if not cause is not None:
            break
        root = cause
        cause = cause.cause
    else:
        raise $Cancelled
    return root


fn baml.errors.Context.root_cause = baml.errors.Context.root_cause


def baml.errors.Context.to_string($context, self):
    told = fn baml.errors.describe($context, self)
    cause = self.cause
    left = 31
    for $round in $context.rounds:
        if not (cause is not None and left > 0):
            break
        told = fn baml.errors.describe($context, cause) + '\n\nWhile this was handled, another error occurred:\n\n' + told
        cause = cause.cause
        left = left - 1
    else:
        raise $Cancelled
    if $len(told) > 2000:
        return '…' + told[$len(told) - 2000:]
    else:
        return told


fn baml.errors.Context.to_string = baml.errors.Context.to_string


def baml.errors.StackTrace.to_string($context, self):
    lines = ''
    for frame in $each($context.rounds, self.frames):
        lines = lines + ('  ' + frame.function_name + ' (' + frame.file + ':' + $unstable_string($context.rounds, frame.line) + ')\n')
    return lines


fn baml.errors.StackTrace.to_string = baml.errors.StackTrace.to_string


def baml.errors.FailedAttempt.is($context, self, word):
    status = self.status_code
    if status is None:
        return self.cause == word
    return $unstable_string($context.rounds, status) == word or $unstable_string($context.rounds, -(-status // 100) if status < 0 else status // 100) + 'xx' == word


fn baml.errors.FailedAttempt.is = baml.errors.FailedAttempt.is


def baml.errors.describe($context, context):
    return fn baml.errors.StackTrace.to_string($context, context.stack_trace) + $unstable_string($context.rounds, context.error)


fn baml.errors.describe = baml.errors.describe

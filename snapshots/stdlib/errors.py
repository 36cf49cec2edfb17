def baml.errors.FailedAttempt.is($context, self, word):
    status = self.status_code
    if status is None:
        return self.cause == word
    return $unstable_string($context.rounds, status) == word or $unstable_string($context.rounds, -(-status // 100) if status < 0 else status // 100) + 'xx' == word


fn baml.errors.FailedAttempt.is = baml.errors.FailedAttempt.is

def baml.errors.FailedAttempt.is(self, word):
    status = self.status_code
    if status is None:
        return self.cause == word
    return $unstable_string(status) == word or $unstable_string(-(-status // 100) if status < 0 else status // 100) + 'xx' == word


fn baml.errors.FailedAttempt.is = baml.errors.FailedAttempt.is


def baml.errors.FailedAttempt.summary(self):
    return self.client_name + ' after ' + $unstable_string(self.elapsed_ms) + ' ms: ' + self.message


fn baml.errors.FailedAttempt.summary = baml.errors.FailedAttempt.summary

def baml.http.Response.ok(self):
    return self.status_code >= 200 and self.status_code <= 299


fn baml.http.Response.ok = baml.http.Response.ok


def baml.http.Response.text(self):
    return self.body


fn baml.http.Response.text = baml.http.Response.text


def baml.http.Response.bytes($context, self):
    return $context.invoke('baml.http.bytes_of', $context, self)


fn baml.http.Response.bytes = baml.http.Response.bytes


async def baml.http.send_or_io($context, request):
    try:
        return await $context.invoke('baml.http.send', $context, request)
    except $Thrown as $1:
        $2 = $1.value
        failure = $2
        if $type(failure) is class baml.errors.InvalidArgument:
            wrong = failure
            raise $Thrown(class baml.errors.Io(wrong.message))
        else:
            raise


fn baml.http.send_or_io = baml.http.send_or_io


async def baml.http.fetch_as($context, type, from):
    $1 = from
    if $type($1) is $str:
        url = $1
        response = await fn baml.http.fetch($context, url, $omitted)
    elif $type($1) is class baml.http.Request:
        request = $1
        response = await $context.invoke('baml.http.send', $context, request)
    else:
        $unmatched()
    if not fn baml.http.Response.ok(response):
        raise $Thrown(class baml.errors.HttpStatus('Request failed with status code: ' + $unstable_string($context.rounds, response.status_code), response.status_code, response.headers, response.body, response.status_code >= 500))
    return $context.invoke('baml.llm.read_as', $context, type, fn baml.http.Response.text(response))


fn baml.http.fetch_as = baml.http.fetch_as


async def baml.http.fetch($context, url, timeout=$omitted):
    if timeout is $omitted:
        timeout = None
    $1 = timeout
    if $1 is not None:
        limit = fn baml.time.Duration.to_milliseconds($1)
    else:
        limit = None
    if limit is None:
        timeouts = None
    else:
        timeouts = class baml.http.Timeouts(request_ms=limit)
    return await $context.invoke('baml.http.send', $context, class baml.http.Request('GET', url, {}, '', timeouts))


fn baml.http.fetch = baml.http.fetch


async def baml.http.fetch_or_io($context, url, timeout=$omitted):
    if timeout is $omitted:
        timeout = None
    try:
        return await fn baml.http.fetch($context, url, timeout)
    except $Thrown as $1:
        $2 = $1.value
        failure = $2
        if $type(failure) is class baml.errors.InvalidArgument:
            wrong = failure
            raise $Thrown(class baml.errors.Io(wrong.message))
        else:
            raise


fn baml.http.fetch_or_io = baml.http.fetch_or_io

def baml.http.Response.ok(self):
    return self.status_code >= 200 and self.status_code <= 299


fn baml.http.Response.ok = baml.http.Response.ok


def baml.http.Response.text(self):
    return self.body


fn baml.http.Response.text = baml.http.Response.text


async def baml.http.fetch($context, url):
    return await $context.invoke('baml.http.send', $context, class baml.http.Request('GET', url, {}, ''))


fn baml.http.fetch = baml.http.fetch

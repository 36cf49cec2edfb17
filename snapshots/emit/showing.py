async def asking($context, text):
    if text == '':
        return await fn baml.llm.given_whole($context, 'nothing')
    try:
        return await fn baml.llm.stream_llm_function($context, 'ask', {'text': text})
    except $Thrown as $1:
        $2 = $1.value
        e = $2
        return await show asking($context, await fn ask($context, text))

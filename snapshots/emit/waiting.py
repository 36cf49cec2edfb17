async def waiting($context, n):
    await $context.invoke('baml.sys.sleep', $context, n)
    total = $float(n)
    return $trunc(total) + ($1 := [1, 2])[n if n >= 0 else $wrong_index($1, n)]

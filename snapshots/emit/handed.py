async def mapped($context, f, xs):
    $1 = xs
    $2 = []
    for x in $each($context.rounds, $1):
        $2.append((f.code(x) if f.plain else await $call_value($context, f, x)) + 1)
    $3 = $2
    $4 = []
    for x$1 in $each_kept($context.rounds, $3):
        if x$1 > 2:
            $4.append(x$1)
    return $4


def mapped($context, f, xs):
    $1 = xs
    $2 = []
    for x in $each($context.rounds, $1):
        $2.append(f(x) + 1)
    $3 = $2
    $4 = []
    for x$1 in $each_kept($context.rounds, $3):
        if x$1 > 2:
            $4.append(x$1)
    return $4

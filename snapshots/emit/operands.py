def spilled(n):
    $1 = n
    $2 = n + 1
    n = n + 5
    $3 = n
    $4 = $3
    $5 = n
    $7 = n
    if $7 == 6:
        return []
        $6 = None
    else:
        m = $7
        $6 = m
    return [$1, $2, $4, $5, $6]

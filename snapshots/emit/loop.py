def odd_sum($context, n):
    sum = 0
    for i in $compress($range(0, n, 1), $context.rounds):
        if (i % 2 if i >= 0 else -(-i % 2)) == 0:
            continue
        sum = sum + (-(-i // 2) if i < 0 else i // 2)
    rest = n
    for $round in $context.rounds:
        if not rest > 100:
            break
        if rest == 200:
            rest = -(-rest // 2) if rest < 0 else rest // 2
            continue
        sum = sum - rest
        rest = -(-rest // 2) if rest < 0 else rest // 2
    else:
        raise $Cancelled
    return sum

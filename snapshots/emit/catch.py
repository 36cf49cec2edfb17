def attempt($context, n):
    try:
        return fn odd_sum($context, -(-10 // n) if (10 < 0) != (n < 0) else 10 // n)
    except $Catchable as $1:
        $2 = $caught($1)
        e = $2
        if $equal(e, 'panic: division by zero'):
            return -1
        elif $type(e) is $str:
            text = e
            return text
        else:
            e2 = $2
            return 0

def size(x, limit):
    $1 = x
    if $1 is None:
        return 'none'
    elif $type($1) is $int and (n := $1) is n and (n > limit):
        return 'big'
    elif $1 == '' or $1 == '-':
        return 'empty'
    elif $type($1) is $str:
        text = $1
        return text
    else:
        return 'small'

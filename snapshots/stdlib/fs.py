def baml.fs.File.read($context, self):
    fn baml.fs.File.check(self, 'r', 'read')
    return $context.invoke('baml.fs.read', $context, self.path)


fn baml.fs.File.read = baml.fs.File.read


def baml.fs.File.write($context, self, text):
    fn baml.fs.File.check(self, 'wa', 'written')
    return $context.invoke('baml.fs.append', $context, self.path, text)


fn baml.fs.File.write = baml.fs.File.write


def baml.fs.File.check(self, modes, what):
    if not self.is_open:
        raise $Thrown(class baml.errors.Io(self.path + ' is closed'))
    $1 = self.mode
    if $1 is None:
        mode = 'r'
    else:
        mode = $1
    if not mode in modes:
        raise $Thrown(class baml.errors.Io(f'{self.path} was opened with "{mode}", and cannot be {what}'))


fn baml.fs.File.check = baml.fs.File.check


def baml.fs.File.close(self):
    self.is_open = False


fn baml.fs.File.close = baml.fs.File.close


def baml.fs.mkdir($context, path, options=$omitted):
    if options is $omitted:
        options = None
    if options is not None and options.recursive:
        return $context.invoke('baml.fs.make_dir', $context, path)
    else:
        return $context.invoke('baml.fs.make_one_dir', $context, path)


fn baml.fs.mkdir = baml.fs.mkdir


def baml.fs.open($context, path, mode=$omitted):
    if mode is $omitted:
        mode = 'r'
    if mode == 'w':
        $context.invoke('baml.fs.write', $context, path, '')
    if mode == 'a':
        $context.invoke('baml.fs.append', $context, path, '')
    if not $context.invoke('baml.fs.exists', $context, path):
        raise $Thrown(class baml.errors.Io(path + ': there is no such file'))
    return class baml.fs.File(path, True, mode)


fn baml.fs.open = baml.fs.open

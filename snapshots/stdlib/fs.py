def baml.fs.File.read($context, self):
    if not self.is_open:
        raise $Thrown(class baml.errors.Io(self.path + ' is closed'))
    return $context.invoke('baml.fs.read', $context, self.path)


fn baml.fs.File.read = baml.fs.File.read


def baml.fs.File.close(self):
    self.is_open = False


fn baml.fs.File.close = baml.fs.File.close


def baml.fs.open($context, path):
    if not $context.invoke('baml.fs.exists', $context, path):
        raise $Thrown(class baml.errors.Io(path + ': there is no such file'))
    return class baml.fs.File(path, True)


fn baml.fs.open = baml.fs.open

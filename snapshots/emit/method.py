def Counter.add(self, n):
    self.count = self.count + n
    return self.count

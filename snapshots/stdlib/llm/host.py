def baml.llm.Prompt.to_string($context, self):
    return $context.invoke('baml.llm.Prompt.text', $context, self)


fn baml.llm.Prompt.to_string = baml.llm.Prompt.to_string

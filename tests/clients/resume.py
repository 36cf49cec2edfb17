import os

from baml_client import b
from baml_client.type_builder import TypeBuilder
from baml_client.types import Hobby, Resume
from baml_py import ClientRegistry, Collector
from baml_py.errors import BamlClientHttpError, BamlValidationError

tb = TypeBuilder()
tb.Hobby.add_value("Gardening").alias("garden work")
for name, value in tb.Hobby.list_values():
    value.description(f"spends evenings on {name.lower()}")
tb.Resume.add_property("years", tb.int().optional()).description("of work")

registry = ClientRegistry()
options = {"model": "gpt-4o-mini", "base_url": os.environ["BASE_URL"], "api_key": os.environ["LOCAL_KEY"]}
registry.add_llm_client(name="Small", provider="openai-generic", options=options)
registry.set_primary("Small")

collector = Collector(name="resumes")
resume = b.ExtractResume(
    "Ada, chess, a garden", baml_options={"tb": tb, "client_registry": registry, "collector": collector}
)
assert isinstance(resume, Resume)
print(resume.name, resume.hobbies, resume.years, resume.hobbies[0] is Hobby.Chess)
print(collector.last.calls[-1].client_name, collector.last.usage.input_tokens, collector.last.raw_llm_response)
print(collector.last.calls[-1].http_request.body.json()["model"])

try:
    b.with_options(collector=collector).ExtractResume("nothing")
except BamlValidationError as error:
    print("no resume in:", error.raw_output)
try:
    b.ExtractResume("too much")
except BamlClientHttpError as error:
    print("status", error.status_code)
print(len(collector.logs))

import asyncio

from baml_client import partial_types, types
from baml_client.async_client import b


async def main():
    stream = b.stream.WritePost("dogs")
    states = []
    async for partial in stream:
        assert isinstance(partial, partial_types.BlogPost)
        assert partial.title == "On dogs"
        if not states or states[-1] != partial.content.state:
            states.append(partial.content.state)
    post = await stream.get_final_response()
    assert isinstance(post, types.BlogPost)
    print(states[-1], type(post.content).__name__, post.model_dump_json())


asyncio.run(main())

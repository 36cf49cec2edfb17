import asyncio

from baml_client.async_client import b
from baml_py import AbortController
from baml_py.errors import BamlAbortError

receipt = "Guide leash $34.95"


async def main():
    controller = AbortController()
    stream = b.stream.ExtractReceiptInfo(
        receipt,
        baml_options={"abort_controller": controller}
    )
    # Process stream with ability to cancel
    item_count = 0
    async for partial in stream:
        item_count = len(partial.items) if partial.items else 0
        print(f"Received {item_count} items so far")
        # Cancel if we have enough items
        if item_count >= 2:
            print("Stopping stream - got enough items")
            controller.abort()
            break
    try:
        await stream.get_final_response()
    except BamlAbortError:
        print("stopped")


asyncio.run(main())

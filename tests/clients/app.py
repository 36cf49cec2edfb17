from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from baml_py import AbortController
from baml_py.errors import BamlAbortError
from baml_client.async_client import b
import asyncio

app = FastAPI()
active_streams = {}


@app.post("/stream/{stream_id}")
async def start_stream(stream_id: str, prompt: str):
    controller = AbortController()
    active_streams[stream_id] = controller

    async def generate():
        try:
            stream = b.stream.GenerateContent(prompt, baml_options={"abort_controller": controller})

            async for partial in stream:
                if controller.aborted:
                    break
                yield f"data: {partial.content}\n\n"
        except BamlAbortError:
            yield "data: [CANCELLED]\n\n"
        finally:
            active_streams.pop(stream_id, None)

    return StreamingResponse(generate(), media_type="text/event-stream")


@app.post("/stop/{stream_id}")
async def stop_stream(stream_id: str):
    if controller := active_streams.get(stream_id):
        controller.abort()
        return {"status": "stopped"}
    return {"status": "not found"}

// Each line that ends in a mark is a mistake that the types find.
import { b, types } from "./baml_client/index.js";

export async function mistakes(plain: types.Plain): Promise<void> {
  await b.Form(plain, "AIR", 1, []); // error
  await b.Forms(plain, "air", 1, []); // error
  await b.Forms(plain, "AIR", 1); // error
  await b.Forms(plain, "AIR", "1", []); // error
  await b.Forms(plain, "AIR", 1, [], { a: "x" }); // error
  await b.Number("x", { sigal: null }); // error
  await b.Nothing({ file: "/etc/passwd" }); // error
  const number: string = await b.Number("x"); // error
  const found = await b.Forms(plain, "AIR", 1, []);
  found.nothing; // error
  found.lit = "c"; // error
  (await b.MaybeNumber("x")).toFixed(); // error
  for await (const partial of b.stream.Forms(plain, "AIR", 1, [])) {
    partial.s.length; // error
  }
  (await b.CheckedResult("x")).checks.block; // error
  await b.parse.Sum("x"); // error
  console.log(number);
}

// SPDX-License-Identifier: Apache-2.0
// ask.js CLIENT: lists models, chats and streams with a real client, which is given nothing but what
// stands in the environment, as an app's own code would read it. Prints what it got, as JSON.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

// From where the tests have installed them.
const require = createRequire(pathToFileURL(process.cwd() + "/package.json"));
const load = async (name) => {
  const module = await import(pathToFileURL(require.resolve(name)));
  return module.default?.default ?? module.default ?? module;
};

const model = "llama3.2";
const messages = [{ role: "user", content: "x" }];
const env = process.env;

const clients = {
  async ollama() {
    const { Ollama } = await import(pathToFileURL(require.resolve("ollama")));
    const headers = env.OLLAMA_API_KEY ? { Authorization: `Bearer ${env.OLLAMA_API_KEY}` } : {};
    const client = new Ollama({ host: env.OLLAMA_BASE_URL, headers });
    const list = (await client.list()).models.map((m) => m.name);
    const chat = (await client.chat({ model, messages })).message.content;
    let stream = "";
    for await (const part of await client.chat({ model, messages, stream: true })) stream += part.message.content;
    return { list, chat, stream };
  },

  async openai() {
    const OpenAI = await load("openai");
    const client = new OpenAI({ maxRetries: 0 });
    const list = (await client.models.list()).data.map((m) => m.id);
    const chat = (await client.chat.completions.create({ model, messages })).choices[0].message.content;
    let stream = "";
    for await (const part of await client.chat.completions.create({ model, messages, stream: true }))
      stream += part.choices[0]?.delta?.content ?? "";
    return { list, chat, stream };
  },

  async anthropic() {
    const Anthropic = await load("@anthropic-ai/sdk");
    const client = new Anthropic({ maxRetries: 0 });
    const ask = { model, messages, max_tokens: 16 };
    const list = (await client.models.list()).data.map((m) => m.id);
    const chat = (await client.messages.create(ask)).content[0].text;
    let stream = "";
    for await (const event of await client.messages.create({ ...ask, stream: true }))
      if (event.type === "content_block_delta") stream += event.delta.text;
    return { list, chat, stream };
  },
};

console.log(JSON.stringify(await clients[process.argv[2]]()));

-- What the owner wrote: prompts/*.yaml, read and checked once for each generation of the scripts.
-- { system = …, replies = …, business = …, warnings = … }; a mistake in them refuses the generation, with file, line and remedy.

return require("brain.prompt").load()

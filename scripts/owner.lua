-- The owner's prompts/*.yaml, read and checked once per generation: { system = …, replies = …, business = …, warnings = … }.
-- A mistake in them refuses the generation, with file, line and remedy.

return require("brain.prompt").load()

---@meta host.metrics
-- Numbers for METRICS_LISTEN: counters and histograms that the host keeps in memory. They begin at 0 with the process and survive
-- reloads; a metric whose type, labels or buckets change starts from 0. A count is not undone when its transaction is lost.
-- main.lua's `metrics` declares them, as a list of host.metrics.Declared. A gauge says how many of something there are now;
-- main.lua's `gauges` returns them at each scrape: a list of { "name", number, { label = "value" } }.
--
-- A metric holds a hundred combinations of labels. Later ones count under "other", and so does a label with seven digits in a
-- row: labels are kinds of things, never people.

---@class host.metrics
local metrics = {}

---@class host.metrics.Declared
---@field name string            assistant_…; small letters, digits and _; a counter ends in _total; base units: _seconds, _bytes
---@field type "counter"|"gauge"|"histogram"
---@field help string            one line
---@field labels? string[]       at most four
---@field buckets? number[]      of a histogram: upper bounds, growing, at most twenty

---Adds to a counter. A label that is not given counts as "none".
---@param name string            throws when main.lua declares no such counter
---@param n? number              0 or more; 1 when it is nil
---@param labels? table<string, string|number|boolean>
function metrics.add(name, n, labels) end

---Puts one value into a histogram.
---@param name string
---@param value number           0 or more, in the metric's unit (seconds)
---@param labels? table<string, string|number|boolean>
function metrics.observe(name, value, labels) end

return metrics

---@meta host.request
-- What a route's handler gets and returns. There is no module to require: main.lua's `routes` names the handlers.

---@class host.Request
---@field method string
---@field path string                     as sent, not decoded
---@field query table<string, string>     decoded; a name given twice is absent here and true in `repeated`; a value with %00 likewise
---@field repeated table<string, boolean>
---@field headers table<string, string>   names lower-case; a header sent twice is joined with ", " and true in `repeated_headers`
---@field repeated_headers table<string, boolean>
---@field body string
---@field id string                       for logs
---@field remote string
---@field header fun(self: host.Request, name: string): string?, boolean  one header as `headers` has it, and whether it was sent twice.
---                                       It costs less than `headers`, which is made when it is first asked for; so are `query`, `id` and `remote`

---@class host.Response
---@field status integer
---@field json? any
---@field body? string
---@field file? string                    the hash of a kept file (host.media), read while it is sent; one that is not there is a 404.
---                                       Without a Content-Type it is application/octet-stream. One of json, body, file
---@field headers? table<string, string>

---Routes are "METHOD /path" or "METHOD /path/*". A handler may wait. Its response leaves when all it wrote is durable.
---@alias host.Handler fun(request: host.Request): host.Response

---@class host.Main                       what scripts/main.lua returns
---@field routes table<string, host.Handler>
---@field inbox? table<string, fun(row: host.inbox.Row): integer?>  readers; they must not wait
---@field jobs table<string, {run: fun(job: host.jobs.Job): any, failed?: fun(job: host.jobs.Job, message: string): any, limit?: integer, per_second?: integer, burst?: integer, after?: string, drain_ms?: integer}>
---  failed: gets a job whose run threw on the newest files and on the last good ones (without good ones: twice), before it is
---  dead; limit: at once (default 1000); per_second: starts a second; burst: so many at once after a rest (default a tenth of
---  per_second, at least 1); after: another kind whose pace is this one's too, and which goes first; drain_ms: how long one may go on
---  after a reload (default DRAIN_MS);
---  one that names it is put back at once when the service stops, and runs again at the next start
---@field every? table<string, {seconds: integer, run: fun(job: host.jobs.Job)}>
---@field commands? table<string, {run: fun(args: string[]): any}>  of `assistant NAME …`; what is returned (text, or a table as JSON) is printed;
---  nil and a text: it failed, and the text says why (exit 1)
---@field schema? string[]                numbered steps of SQL (several statements each), applied at start only
---@field extra_schema? {name: string, steps: string[]}  more steps, counted apart under this name
---@field warnings? string[]              probable mistakes in scripts or prompts: "file:line: cause. Remedy."
---@field notice? fun(notice: host.Notice) a message of the host for staff; can write and enqueue, must not wait
---@field status? fun(words: boolean): table|string, boolean?  the business half of `assistant status`: a table, or with words lines for people; false: it exits 1; must not wait
---@field metrics? host.metrics.Declared[]  what scripts count (host/api/metrics.lua)
---@field gauges? fun(): table[]          asked at each scrape: a list of { "name", number, { label = "value" } }; must not wait
---@field prepare? fun()                  once at the start of the service, before anything is accepted, read or claimed; may wait; an error stops the start
---@field start? fun()                    once when the generation is first used, as a task

---@class host.Notice
---@field event "job_dead"|"not_loaded"|"not_stored"|"parked"|"reload_failed"|"reloaded"|"rolled_back"|"script_errors"|"versions_unread"
---@field message string                  file and line included where there are any; reloaded: the warnings that are new, "" when there are none
---@field job? host.jobs.Job              job_dead: the job
---@field count? integer                 script_errors: how many failures count against the newest files; 0: this one does not

return {}

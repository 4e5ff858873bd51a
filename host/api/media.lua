---@meta host.media
-- Files by what is in them, in MEDIA_DIR. A file is named by its hash: the sha256 of its bytes, 64 lower hex digits. Another name throws.
-- Scripts never see a path, and never hold a whole file: `http.request{ to_file = true }` brings one, a part of `form_data` and a
-- handler's `file` send one.

---@class host.media
local media = {}

---@class host.media.File                 a download; removed when its task ends, unless that task has kept it
---@field hash string                     sha256 of its bytes
---@field bytes integer                   how many
---@field head string                     its first 512 bytes, to see what it is
---@field name string                     opaque; media.keep and media.drop read it

---Keeps a download, and waits until it is on disk. Write the row that names it now, before anything else waits: until then
---`media.remove` leaves the file alone, and what sweeps files that no row names may run in any later slice. The same bytes again are
---one file. Only the task that downloaded the file may call this, once; else it throws.
---@async
---@param file host.media.File
---@return string? hash
---@return string? error the disk did not take it; the download is gone when its task ends, a file that was kept before stays
function media.keep(file) end

---Removes a download now. One that is kept or dropped already is fine.
---@param file host.media.File
function media.drop(file) end

---How large a kept file is. nil: there is none.
---@param hash string
---@return integer?
function media.bytes(hash) end

---Removes a kept file at once, then waits until the disk's folder shows it no more. Answers that are being sent go on.
---@async
---@param hash string
---@return boolean removed false: there was none, or a task is keeping the same bytes now
function media.remove(hash) end

---Up to 500 kept files, in order. `next`: give it as `after` for more; nil: these were the last.
---@param after? string
---@return string[] hashes
---@return string? next
function media.list(after) end

return media

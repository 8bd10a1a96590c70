-- wrk script: every request is a valid submission that no other is like.
-- arguments: FILE (predictions, two columns) TOKEN PREFIX
local lines, headers, prefix = {}, {}, ""
local thread_number = 0

function setup(thread)
  thread:set("id", thread_number)
  thread_number = thread_number + 1
end

function init(args)
  for line in io.lines(args[1]) do
    local a, b = line:match("(%S+)%s+(%S+)")
    lines[#lines + 1] = {tonumber(a), tonumber(b)}
  end
  headers["Authorization"] = "Bearer " .. args[2]
  headers["Content-Type"] = "text/tab-separated-values"
  prefix = args[3]
  math.randomseed(os.time() * 7 + id)
end

local function shifted(value)
  return string.format("%.6f", math.min(7, math.max(1, value + math.random() - 0.5)))
end

function request()
  local rows = {}
  for i, line in ipairs(lines) do
    rows[i] = shifted(line[1]) .. "\t" .. shifted(line[2])
  end
  local query = "?benchmark=sample24&split=test&system=" .. prefix
  return wrk.format("POST", "/api/v1/submissions" .. query, headers, table.concat(rows, "\n") .. "\n")
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %f %f %f %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), latency.max, e.status,
    e.connect + e.read + e.write + e.timeout))
end

-- wrk script: every request is a valid submission that no other is like.
-- arguments: FILE (predictions, two columns) TOKEN PREFIX
local before, values, after, head = {}, {}, {}, ""
local thread_number = 0

function setup(thread)
  thread:set("id", thread_number)
  thread_number = thread_number + 1
end

-- The file is cut once at each of its rows, so that the client is no part of the load.
function init(args)
  local lines = {}
  for line in io.lines(args[1]) do
    lines[#lines + 1] = line .. "\n"
    values[#values + 1] = tonumber(line:match("%S+"))
  end
  for row = 1, #lines do
    before[row] = table.concat(lines, "", 1, row - 1)
    after[row] = table.concat(lines, "", row + 1)
  end
  head = "POST /api/v1/submissions?benchmark=sample24&split=test&system=" .. args[3]
    .. " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " .. args[2]
    .. "\r\nContent-Type: text/tab-separated-values\r\nContent-Length: "
  math.randomseed(os.time() * 7 + id)
end

-- One row of the file gets numbers that no other request has.
function request()
  local row = math.random(#values)
  local value = math.min(7, math.max(1, values[row] + math.random() - 0.5))
  local line = string.format("%.9f\t%.9f\n", value, 1 + 6 * math.random())
  local length = #before[row] + #line + #after[row]
  return head .. length .. "\r\n\r\n" .. before[row] .. line .. after[row]
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %f %f %f %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), latency.max, e.status,
    e.connect + e.read + e.write + e.timeout))
end

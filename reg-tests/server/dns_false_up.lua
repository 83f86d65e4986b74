-- A name server that speaks DNS over TCP and fails when told to. Its zone:
--
--   a.test                 A     127.0.0.1
--   aaaa.test              AAAA  ::ffff:127.0.0.1, which is 127.0.0.1 over IPv6
--   _<port>._tcp.srv.test  SRV   <port> on app1.test, app2.test and app3.test,
--                                with their A records as additional ones

local A, TXT, AAAA, SRV = 1, 16, 28, 33
local RCODE = { nxdomain = 3, refused = 5, servfail = 2 }
local IPV4 = "\127\0\0\1"
local IPV6 = ("\0"):rep(10) .. "\255\255" .. IPV4
local QUESTION = "\xc0\x0c"     -- compressed name: the one in the question

local failure                   -- nil as long as the name server answers
local resolutions, latest = 0   -- how many began so far, id of the latest

local function record(name, rtype, data)
	return name .. string.pack(">I2I2I4s2", rtype, 1, 1, data)
end

-- Returns two lists: answers and additional records.
local function lookup(name, rtype)
	local port = name:match("^_(%d+)%._tcp%.srv%.test$")
	local answers, additional = {}, {}

	if name == "a.test" and rtype == A then
		answers[1] = record(QUESTION, A, IPV4)
	elseif name == "aaaa.test" and rtype == AAAA then
		answers[1] = record(QUESTION, AAAA, IPV6)
	elseif port and rtype == SRV then
		for i = 1, 3 do
			local target = string.pack("s1s1s1", "app" .. i, "test", "")
			answers[i] = record(QUESTION, SRV, string.pack(">I2I2I2", 1, 1, port) .. target)
			additional[i] = record(target, A, IPV4)
		end
	end
	return answers, additional
end

local function respond(query)
	local id, labels, at = query:sub(1, 2), {}, 13
	repeat
		labels[#labels + 1], at = string.unpack("s1", query, at)
	until labels[#labels] == ""
	local name = table.concat(labels, ".", 1, #labels - 1)
	local answers, additional = {}, {}

	if id ~= latest then    -- a retry has the id of the first try
		resolutions, latest = resolutions + 1, id
	end
	if not failure then
		answers, additional = lookup(name, (string.unpack(">I2", query, at)))
	elseif failure == "empty" then
		-- A valid answer without an address: no record at all would
		-- be just another error to HAProxy.
		answers[1] = record(QUESTION, TXT, "\0")
	elseif failure == "timeout" then
		return ""
	end
	return string.pack(">s2", id
		.. string.pack(">I2I2I2I2I2", 0x8180 + (RCODE[failure] or 0), 1, #answers, 0, #additional)
		.. query:sub(13, at + 3)
		.. table.concat(answers) .. table.concat(additional))
end

core.register_service("authority", "tcp", function(applet)
	while true do
		local length = applet:receive(2)
		if not length or #length < 2 then
			return
		end
		applet:send(respond(applet:receive((string.unpack(">I2", length)))))
	end
end)

-- All servers of the backend "be". The loop over them is never left early, which
-- takes some versions into an endless loop (aeff2a3b2), and none is asked for by
-- its name, by which some versions do not find those of a template (3.0-dev1).
local function servers()
	local list = {}
	for _, server in pairs(core.backends["be"].servers) do
		list[#list + 1] = server
	end
	return list
end

local function status(server)
	return server:get_stats()["status"]
end

local function address(server)
	return server:get_addr()
end

local function resolved(server)
	local ip = address(server):match("^(.*):%d+$")
	return ip and ip ~= "0.0.0.0" and ip ~= "::" and not status(server):find("^MAINT")
end

-- What read() says of the servers: one value if they agree, else all values.
local function summary(read)
	local seen, values = {}, {}
	for _, server in ipairs(servers()) do
		local value = read(server)
		if not seen[value] then
			seen[value] = true
			values[#values + 1] = value
		end
	end
	table.sort(values)
	return table.concat(values, ", ")
end

-- Waits until holds() is true. Returns whether it was within 3 seconds.
local function wait(holds)
	local tries = 600
	while tries > 0 and not holds() do
		core.msleep(5)
		tries = tries - 1
	end
	return tries > 0
end

local was = ""  -- the servers' status and address when the failure began

local report = {
	status = function() return summary(status) end,
	address = function() return summary(address) end,
	was = function() return was end,
}

-- Each is asked about each server, <begun> is the number of resolutions that
-- had begun before.
local await = {
	up = function(server) return status(server) == "UP" and resolved(server) end,
	maint = function(server) return status(server) == "MAINT (resolution)" end,
	resolved = resolved,
}

local function every(holds, begun)
	for _, server in ipairs(servers()) do
		if not holds(server, begun) then
			return false
		end
	end
	return true
end

-- /fail/<how> and /heal switch the name server, /await/<what> waits for the servers.
local actions = {
	fail = function(how)
		was = summary(status) .. " " .. summary(address)
		failure = how
		return true
	end,
	heal = function()
		failure = nil
		return true
	end,
	await = function(what)
		local begun = resolutions
		return wait(function() return every(await[what], begun) end)
	end,
}

-- The control page, which the test asks over HTTP: for /<name>/<what> it calls
-- actions.<name>(what), and replies 200 if that returns true, else 504. Each
-- function in "report" gives the value of a header of the reply.
core.register_service("control", "http", function(applet)
	local name, what = applet.path:match("^/(%a+)/?(%a*)$")

	applet:set_status((not name or actions[name](what)) and 200 or 504)
	applet:add_header("content-length", "0")
	for header, value in pairs(report) do
		applet:add_header(header, value())
	end
	applet:start_response()
end)

-- The ups and downs of each server while DNS fails. An UP may be very short,
-- but HAProxy queues these events, so that none is missed.
local history = {}

core.event_sub({ "SERVER_UP", "SERVER_DOWN" }, function(event, server)
	if failure then
		local before = history[server.name]
		history[server.name] = (before and before .. " > " or "") .. event:match("_(%a+)")
	end
end)

report.history = function()
	return summary(function(server) return history[server:get_name()] or "" end)
end

-- Two more resolutions have begun, so one has failed from start to end.
await.another = function(_, begun)
	return resolutions >= begun + 2
end

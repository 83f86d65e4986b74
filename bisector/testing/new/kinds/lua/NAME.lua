-- FILL IN: the Lua that shows the bug
core.register_service("bug", "http", function(applet)
	local body = "path: " .. applet.path

	applet:set_status(200)
	applet:add_header("content-length", tostring(#body))
	applet:start_response()
	applet:send(body)
end)

core.register_service("control", "http", function(applet)
	applet:set_status(200)
	applet:add_header("content-length", "0")
	applet:start_response()
end)

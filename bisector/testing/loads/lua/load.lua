-- What scripts do: headers, variables, some work on strings and tables.
core.register_action("work", { "http-req" }, function(txn)
    local count = 0
    for name, values in pairs(txn.http:req_get_headers()) do
        count = count + #name
    end
    txn:set_var("txn.count", count)
    txn.http:req_set_header("X-Count", tostring(count))
end)

core.register_fetches("number", function(txn)
    return tostring(txn:get_var("txn.count") or 0)
end)

core.register_converters("turned", function(text)
    return text:reverse():upper()
end)

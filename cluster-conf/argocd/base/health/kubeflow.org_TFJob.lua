-- A TFJob is Healthy once it succeeded, as Argo CD judges a Job.

local now = {}

for _, condition in ipairs((obj.status or {}).conditions or {}) do
  if condition.status == "True" then
    now[condition.type] = condition
  end
end
if now.Failed ~= nil then
  return { status = "Degraded", message = now.Failed.message }
end
if now.Succeeded ~= nil then
  return { status = "Healthy", message = now.Succeeded.message }
end
if now.Suspended ~= nil then
  return { status = "Suspended", message = now.Suspended.message }
end
local latest = now.Restarting or now.Running or now.Created
return { status = "Progressing", message = latest and latest.message or "the operator has not seen it yet" }

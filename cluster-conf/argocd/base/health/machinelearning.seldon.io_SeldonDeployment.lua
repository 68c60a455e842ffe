-- A SeldonDeployment is Healthy once its operator calls it Available: deployments, services and autoscalers are ready.
-- Seldon 1.17.1 writes no observedGeneration, so that a change which it has not seen, or whose pods are not counted
-- yet, still has the state of the former version. What tells is who wrote when: the API server keeps that. Not every
-- change makes the operator write, so that it is waited for only a while. All times are text of one form, in UTC.

local os = require("os")
local SECONDS = 30

local status = obj.status or {}
local changed, seen = "", ""

for _, entry in ipairs((obj.metadata or {}).managedFields or {}) do
  local time = entry.time or ""
  if entry.subresource == "status" then
    if time > seen then
      seen = time
    end
  elseif time > changed then
    changed = time
  end
end

-- Its pods cannot come up before there is a model, and no wave should wait for somebody's first release.
for _, predictor in ipairs((obj.spec or {}).predictors or {}) do
  for _, parameter in ipairs((predictor.graph or {}).parameters or {}) do
    if parameter.name == "model_digest" and parameter.value == "" then
      return { status = "Suspended", message = "nothing is released yet: run its pipeline, or `pylib release`" }
    end
  end
end
if status.state == nil then
  return { status = "Progressing", message = "the operator has not seen it yet" }
end
if changed ~= "" and seen <= changed and changed > os.date("!%Y-%m-%dT%H:%M:%SZ", os.time() - SECONDS) then
  return { status = "Progressing", message = "the operator has not answered to the last change yet" }
end
if status.state == "Available" then
  return { status = "Healthy", message = "the model answers" }
end
if status.state == "Failed" then
  return { status = "Degraded", message = status.description or "the operator gave no reason" }
end
for _, condition in ipairs(status.conditions or {}) do
  if condition.type == "DeploymentsReady" and condition.status == "False" then
    return { status = "Progressing", message = condition.message or condition.reason }
  end
end
return { status = "Progressing", message = "its new pods are not ready yet" }

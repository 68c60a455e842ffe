-- A SeldonDeployment is Healthy once its operator calls it Available: deployments, services and autoscalers are ready.

local status = obj.status or {}
local generation = (obj.metadata or {}).generation or 0

if status.observedGeneration ~= nil and status.observedGeneration < generation then
  return { status = "Progressing", message = "the operator has not seen this version yet" }
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
return { status = "Progressing", message = "the operator makes its deployments" }

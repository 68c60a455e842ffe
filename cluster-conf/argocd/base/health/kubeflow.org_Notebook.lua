-- A Notebook is Healthy once its pod is ready, and Suspended where a person or the culler stopped it.
-- The controller leaves containerState empty where it did not change, so the count of ready replicas comes first.

local stuck = {
  CrashLoopBackOff = true,
  CreateContainerConfigError = true,
  CreateContainerError = true,
  ErrImagePull = true,
  ImagePullBackOff = true,
  InvalidImageName = true,
  RunContainerError = true,
}
local annotations = (obj.metadata or {}).annotations or {}
local status = obj.status or {}
local state = status.containerState or {}

if annotations["kubeflow-resource-stopped"] ~= nil then
  return { status = "Suspended", message = "stopped; start it from the dashboard" }
end
if (status.readyReplicas or 0) > 0 then
  return { status = "Healthy", message = "running" }
end
if state.waiting ~= nil and stuck[state.waiting.reason] then
  return { status = "Degraded", message = state.waiting.message or state.waiting.reason }
end
if state.terminated ~= nil and state.terminated.exitCode ~= 0 then
  return { status = "Degraded", message = "exit code " .. tostring(state.terminated.exitCode) }
end
for _, condition in ipairs(status.conditions or {}) do
  if condition.status == "False" and condition.message ~= nil then
    return { status = "Progressing", message = condition.message }
  end
end
return { status = "Progressing", message = "its pod starts" }

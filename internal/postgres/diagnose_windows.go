package postgres

import "context"

// Diagnose finds nothing: this system has no managed server.
func Diagnose(context.Context, ServerConfig) Facts { return Facts{RootErr: unmanaged()} }

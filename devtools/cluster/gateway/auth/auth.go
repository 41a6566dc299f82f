// Package auth stands in for a fork that isn't served: a gateway for tests asks nobody for a
// password, and whoever configures one finds every password refused.
package auth

import "net/http"

// BasicAuth is a realm that lets nobody in.
type BasicAuth struct {
	Realm   string
	Secrets func(user, realm string) string
}

// RequireAuth refuses the request.
func (*BasicAuth) RequireAuth(response http.ResponseWriter, _ *http.Request) {
	response.WriteHeader(http.StatusUnauthorized)
}

// CheckSecret knows no secret.
func CheckSecret(string, string) bool { return false }

// DigestAuth is a realm that lets nobody in.
type DigestAuth struct{}

// NewDigestAuthenticator forgets the secrets.
func NewDigestAuthenticator(string, func(user, realm string) string) *DigestAuth {
	return &DigestAuth{}
}

// CheckAuth knows no user.
func (*DigestAuth) CheckAuth(*http.Request) (string, *string) { return "", nil }

// RequireAuth refuses the request.
func (*DigestAuth) RequireAuth(response http.ResponseWriter, _ *http.Request) {
	response.WriteHeader(http.StatusUnauthorized)
}

// RequireAuthStale refuses the request.
func (d *DigestAuth) RequireAuthStale(response http.ResponseWriter, request *http.Request) {
	d.RequireAuth(response, request)
}

// DigestAuthParams reads nothing.
func DigestAuthParams(string) map[string]string { return nil }

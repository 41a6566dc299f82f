// Package ext stands in for the part of Traefik that its module lacks: fields of other products.
package ext

// HTTP adds nothing.
type HTTP struct{}

// Router adds nothing.
type Router struct{}

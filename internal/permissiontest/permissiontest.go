// Package permissiontest runs what a test wants refused for want of permission, which root never is.
package permissiontest

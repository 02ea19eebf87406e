package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

// A site is a directory on a web server.
type site struct {
	base   string
	client *http.Client
}

// newSite returns the site under a URL. A file takes at most timeout, its body included; the
// reader bounds its size, and 64 KiB that of the header, which errors quote.
func newSite(base string, timeout time.Duration) *site {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxResponseHeaderBytes = 1 << 16
	return &site{strings.TrimSuffix(base, "/"), &http.Client{Timeout: timeout, Transport: transport}}
}

// at returns the files of the site, for as long as ctx lasts.
func (s *site) at(ctx context.Context) fs.FS { return files{s, ctx} }

type files struct {
	site *site
	ctx  context.Context
}

// Stat knows nothing before the file is fetched, and asks no server: all files are plain ones.
func (f files) Stat(name string) (fs.FileInfo, error) { return info(path.Base(name)), nil }

func (f files) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	r, err := http.NewRequestWithContext(f.ctx, http.MethodGet, f.site.base+"/"+name, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Cache-Control", "no-cache")
	answer, err := f.site.client.Do(r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		err := fmt.Errorf("the server says %.64q", answer.Status)
		if answer.StatusCode == http.StatusNotFound || answer.StatusCode == http.StatusGone {
			err = errors.Join(err, fs.ErrNotExist)
		}
		return nil, errors.Join(&fs.PathError{Op: "get", Path: r.URL.String(), Err: err}, answer.Body.Close())
	}
	return body{answer.Body, info(path.Base(name))}, nil
}

// A body is a file that is being fetched.
type body struct {
	io.ReadCloser
	info info
}

func (b body) Stat() (fs.FileInfo, error) { return b.info, nil }

// An info is the name of a plain file.
type info string

func (i info) Name() string     { return string(i) }
func (info) Size() int64        { return 0 }
func (info) Mode() fs.FileMode  { return 0o444 }
func (info) ModTime() time.Time { return time.Time{} }
func (info) IsDir() bool        { return false }
func (info) Sys() any           { return nil }

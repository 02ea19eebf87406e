package tally

import (
	"io/fs"

	"github.com/scrutin/scrutin/ballot"
)

// SmallRecord is the record of an election with five voters, four of whom voted.
func SmallRecord() (fs.FS, ballot.ElectionID) {
	p := base()
	return p.files, p.Manifest.ID()
}

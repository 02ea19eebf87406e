package poll

import (
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/scrutin/scrutin/examples/internal/stage"
)

// Finish writes what the election cost and, last, the command that audits its record.
func (h *Held) Finish(out io.Writer) error {
	size, err := h.recordBytes()
	if err != nil {
		return err
	}
	fmt.Fprintln(out)
	var total time.Duration
	for _, s := range h.steps {
		fmt.Fprintf(out, "  %-16s%10.1f s\n", s.Title, s.took.Seconds())
		total += s.took
	}
	fmt.Fprintf(out, "  %-16s%10d bytes\n", "A ballot", h.Manifest.BallotBytes())
	fmt.Fprintf(out, "  %-16s%10.1f MB\n", "The record", float64(size)/1e6)
	_, err = fmt.Fprintf(out, "\nThe whole election took %.0f s. Its record is public; audit it with\n\n    %s\n",
		total.Seconds(), stage.AuditCommand(h.Manifest.ID(), h.Record))
	return err
}

// recordBytes is the size of all files of the record.
func (h *Held) recordBytes() (size int64, err error) {
	err = fs.WalkDir(h.files, ".", func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	return size, err
}

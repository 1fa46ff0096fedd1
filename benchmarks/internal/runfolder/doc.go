// Package runfolder knows what the folder of a run holds, which doc/logs.md says to
// its readers: the names of the files, the settings, the journal of final trainings,
// the result. Whoever reads or writes a run's folder does it by this package.
//
// A folder has two doors. [Folder.Hold] is for the process that works in it: it
// keeps others out and repairs what a crash has left. Everything else reads, beside
// a run that goes on if need be, and never writes, makes or cuts a file.
package runfolder

// Extended attributes of files, which Swift's own module of the C library leaves out.
#ifndef DIPPER_FILE_ATTRIBUTES_H
#define DIPPER_FILE_ATTRIBUTES_H
#include <sys/xattr.h>
#endif

// GNUstep's, and what newer systems of Apple's have beside it.
#pragma once

#include_next <Foundation/Foundation.h>

@interface NSKeyedUnarchiver (Double)
+ (id)unarchivedObjectOfClasses:(NSSet*)classes fromData:(NSData*)data error:(NSError**)error;
@end

// What Geyser uses of Foundation, declared from its documentation; see CoreFoundation/CoreFoundation.h. The test double
// uses GNUstep's instead.
#pragma once

#include <CoreFoundation/CoreFoundation.h>
#include <objc/NSObject.h>
#include <objc/objc.h>
#include <stddef.h>
#include <stdint.h>

@class NSArray<ObjectType>;
@class NSData;
@class NSDictionary;
@class NSError;
@class NSString;

@interface NSNumber : NSObject
@property(readonly) unsigned int unsignedIntValue;
+ (NSNumber*)numberWithBool:(BOOL)value;
+ (NSNumber*)numberWithUnsignedInt:(unsigned int)value;
+ (NSNumber*)numberWithUnsignedLongLong:(unsigned long long)value;
@end

@interface NSString : NSObject
+ (instancetype)stringWithUTF8String:(const char*)nullTerminatedCString;
@property(readonly) const char* UTF8String;
@end

@interface NSArray<ObjectType> : NSObject
@property(readonly) NSUInteger count;
- (ObjectType)objectAtIndex:(NSUInteger)index;
@end

@interface NSMutableArray<ObjectType> : NSArray <ObjectType>
+ (instancetype)array;
- (void)addObject:(ObjectType)anObject;
@end

@interface NSDictionary<KeyType, ObjectType> : NSObject
- (ObjectType)objectForKey:(KeyType)aKey;
@end

@interface NSMutableDictionary<KeyType, ObjectType> : NSDictionary <KeyType, ObjectType>
+ (instancetype)dictionary;
- (void)setObject:(ObjectType)anObject forKey:(KeyType)aKey;
@end

@interface NSData : NSObject
@property(readonly) NSUInteger length;
@end

@interface NSSet<ObjectType> : NSObject
+ (instancetype)setWithArray:(NSArray<ObjectType>*)array;
@end

@interface NSUUID : NSObject
+ (instancetype)UUID;
@property(readonly, copy) NSString* UUIDString;
@end

@interface NSProcessInfo : NSObject
@property(class, readonly, strong) NSProcessInfo* processInfo;
@property(copy) NSString* processName;
@end

@interface NSThread : NSObject
@property(class, readonly) BOOL isMainThread;
@end

@interface NSKeyedArchiver : NSObject
+ (NSData*)archivedDataWithRootObject:(id)object requiringSecureCoding:(BOOL)requiresSecureCoding error:(NSError**)error;
@end

@interface NSKeyedUnarchiver : NSObject
+ (id)unarchivedObjectOfClasses:(NSSet*)classes fromData:(NSData*)data error:(NSError**)error;
@end

@interface NSNotification : NSObject
@property(readonly, copy) NSDictionary* userInfo;
@end

typedef enum NSNotificationSuspensionBehavior : NSUInteger {
  NSNotificationSuspensionBehaviorDeliverImmediately = 4,
} NSNotificationSuspensionBehavior;

@interface NSDistributedNotificationCenter : NSObject
+ (NSDistributedNotificationCenter*)defaultCenter;
- (void)addObserver:(id)observer selector:(SEL)selector name:(NSString*)name object:(NSString*)object suspensionBehavior:(NSNotificationSuspensionBehavior)suspensionBehavior;
- (void)removeObserver:(id)observer;
- (void)postNotificationName:(NSString*)name object:(NSString*)object userInfo:(NSDictionary*)userInfo deliverImmediately:(BOOL)deliverImmediately;
@end

@interface NSError : NSObject
@property(readonly) NSInteger code;
@property(readonly, copy) NSString* domain;
@property(readonly, copy) NSString* localizedDescription;
@end
